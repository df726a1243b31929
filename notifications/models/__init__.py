"""Positions of followers, notifications, webhooks and their deliveries."""

from notifications.models.feed import Notification, NotificationPreference
from notifications.models.following import FollowerPosition
from notifications.models.webhooks import DisabledWhy, WebhookDelivery, WebhookEndpoint

__all__ = [
    "DisabledWhy",
    "FollowerPosition",
    "Notification",
    "NotificationPreference",
    "WebhookDelivery",
    "WebhookEndpoint",
]
