"""Words that Portuguese inflects stand in the gender of what they are said of."""

from typing import Any

import pytest
from django.utils import translation

from accounts.people.tables import InvitationTable
from catalogue.models import CatalogueImport
from customers.models import RelationshipRequest
from notifications.models.webhooks import DisabledWhy
from orders.models import OrderDraft, OrderLine
from resellers.models import PartnershipRequest
from subscriptions.models import BulkChange
from subscriptions.sentences import SENTENCES
from subscriptions.tables import CustomerTable, SubscriptionTable

SAID_OF = {
    "a subscription, canceled": (SENTENCES["subscription.canceled"], "Cancelada"),
    "a draft, canceled": (OrderDraft.State.CANCELED.label, "Cancelado"),
    "a bulk change, canceled": (BulkChange.State.CANCELED.label, "Cancelada"),
    "a bulk change, done": (BulkChange.State.DONE.label, "Concluída"),
    "an import, done": (CatalogueImport.State.DONE.label, "Concluída"),
    "an order line, refused": (OrderLine.State.REFUSED.label, "Recusada"),
    "a webhook, disabled": (DisabledWhy.PERSON.label, "Desabilitado"),
    "a request, copied": (PartnershipRequest.Channel.CLIPBOARD.label, "Copiada"),
    "a request to a customer, sent": (RelationshipRequest.State.SENT.label, "Enviada"),
    "an invitation, sent": (InvitationTable.base_columns["sent"].verbose_name, "Enviado em"),
    "a new customer": (CustomerTable.new_mark, "Novo"),
    "a new subscription": (SubscriptionTable.new_mark, "Nova"),
}


@pytest.mark.parametrize(("word", "expected"), SAID_OF.values(), ids=list(SAID_OF))
def test_a_shared_word_agrees_with_what_it_is_said_of(word: Any, expected: str) -> None:
    with translation.override("pt-br"):
        assert str(word) == expected
