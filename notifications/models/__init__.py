"""Positions of followers, webhooks and their deliveries."""

from notifications.models.following import FollowerPosition
from notifications.models.webhooks import DisabledWhy, WebhookDelivery, WebhookEndpoint

__all__ = ["DisabledWhy", "FollowerPosition", "WebhookDelivery", "WebhookEndpoint"]
