"""The invitations of colleagues that somebody sent who leaves the company."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.access import Actor
from accounts.models import ColleagueInvitation, Membership
from accounts.people.open_work import OpenWork, colleagues_of
from accounts.roles import Permission, Program, roles_that_may
from accounts.services.invitations import withdraw_invitation
from activity.services import record


class InvitationsOfPerson(OpenWork):
    """Invitations that nobody has accepted; they belong to the company, and a spare way in is worth a look."""

    key = "colleague_invitations"
    title = _("Invitations of colleagues")
    keep_label = _("Leave them: they belong to the company")
    close_label = _("Revoke them")

    def invitations(self) -> QuerySet[ColleagueInvitation]:
        """The rows themselves."""
        mine = ColleagueInvitation.objects.open().filter(
            partner=self.membership.partner_id, created_by=self.membership.user_id
        )
        return mine.select_related("partner").order_by("pk")

    def rows(self) -> list[tuple[str, str]]:
        """Each by its address and role."""
        return [(f"{one} ({one.get_role_display()})", one.get_absolute_url()) for one in self.invitations()]

    def takers(self) -> QuerySet[Membership]:
        """Whoever manages people."""
        program = Program(self.membership.partner.program)
        return colleagues_of(self.membership, roles=roles_that_may(program, Permission.MANAGE_PEOPLE))

    def hand_over(self, to: Membership, *, by: Actor) -> None:
        """From now on the colleague is told when somebody joins."""
        for invitation in self.invitations():
            invitation.created_by = to.user
            invitation.save(update_fields=["created_by"])
            names = [self.membership.user.full_name, to.user.full_name]
            record("colleague_invitation.handed_over", invitation, by=by, person=names)

    def close(self, *, by: Actor) -> None:
        """The links stop working."""
        for invitation in self.invitations():
            withdraw_invitation(invitation, by)
