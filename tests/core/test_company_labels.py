"""A company with its MPN ID: read in the reader's language, recorded in one."""

from django.utils.translation import override

from activity.sentences import value_words
from core.company_labels import company_label, label_in_words, read_label, recorded_label

RECORDED = "Ação Inc. (Brasil) (MPN ID 0012345)"


def test_it_is_read_in_the_readers_language_and_recorded_in_one() -> None:
    for language, words in (("en", RECORDED), ("pt-br", "Ação Inc. (Brasil) (ID MPN 0012345)")):
        with override(language):
            assert company_label("Ação Inc. (Brasil)", "0012345") == words
            assert recorded_label("Ação Inc. (Brasil)", "0012345") == RECORDED
            assert label_in_words(RECORDED) == words
            assert value_words("reseller", RECORDED) == f"<bdi>{words}</bdi>"
            assert label_in_words("Contoso (MPN ID none)") == "Contoso (MPN ID none)"


def test_what_is_typed_is_read_in_both_languages() -> None:
    with override("pt-br"):
        for typed in (RECORDED, "AÇÃO Inc.  (Brasil) (id mpn 0012345)"):
            assert read_label(typed) == ("acao inc. (brasil)", "0012345")
    with override("en"):
        assert read_label(RECORDED) == ("acao inc. (brasil)", "0012345")
        for typed in ("", "Contoso", "Contoso (2)", "Contoso (MPN ID 12", "MPN ID 12"):
            assert read_label(typed) is None
