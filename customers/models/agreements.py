"""What customers agreed to, and where their bills go."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from core import clock
from customers.models.customers import Customer


class CustomerAgreement(models.Model):
    """That the customer accepted the Microsoft Customer Agreement: as the provider confirms, or before our eyes."""

    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="agreements"
    )
    accepted_on = models.DateField(_("accepted on"))
    first_name = models.CharField(_("first name"), max_length=50)
    last_name = models.CharField(_("last name"), max_length=50)
    email = models.EmailField(_("e-mail address"), max_length=254)
    phone = models.CharField(_("telephone number"), max_length=30, blank=True)
    # True: the customer's own administrator accepted it in the portal, and is the person of `confirmed_by`.
    accepted_directly = models.BooleanField(_("accepted in the portal"), default=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("confirmed by"), on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(_("confirmed"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("customer agreement")
        verbose_name_plural = _("customer agreements")

    def __str__(self) -> str:
        return f"{self.customer}: {self.accepted_on}"


class BillTo(models.Model):
    """Whom and where the customer's bills go to, where that is not the company itself."""

    customer = models.OneToOneField(
        Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="bill_to"
    )
    company_name = models.CharField(_("company name"), max_length=200)
    first_name = models.CharField(_("first name"), max_length=50)
    last_name = models.CharField(_("last name"), max_length=50)
    email = models.EmailField(_("e-mail address"), max_length=254)
    phone = models.CharField(_("telephone number"), max_length=30, blank=True)
    country = CountryField(_("country or region"))
    address_line_1 = models.CharField(_("address line 1"), max_length=200)
    address_line_2 = models.CharField(_("address line 2"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    state = models.CharField(_("state or province"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("bill-to information")
        verbose_name_plural = _("bill-to information")

    def __str__(self) -> str:
        return self.company_name
