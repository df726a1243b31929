"""What people call the fields that the record of an account's changes names."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.editing import BILL_TO, OWN_BILL_TO

ADDRESS: dict[str, Promise] = {
    "address_line_1": _("Address line 1"),
    "address_line_2": _("Address line 2"),
    "city": _("City"),
    "state": _("State or province"),
    "postal_code": _("Postal code"),
}
BILL_TO_FIELDS: dict[str, Promise] = {
    "company_name": _("Bill-to company name"),
    "first_name": _("Bill-to first name"),
    "last_name": _("Bill-to last name"),
    "email": _("Bill-to e-mail address"),
    "phone": _("Bill-to telephone number"),
    "country": _("Bill-to country or region"),
    "address_line_1": _("Bill-to address line 1"),
    "address_line_2": _("Bill-to address line 2"),
    "city": _("Bill-to city"),
    "state": _("Bill-to state or province"),
    "postal_code": _("Bill-to postal code"),
}
ACCOUNT_FIELDS: dict[str, Promise] = {
    "company_name": _("Company name"),
    "registration_id": _("Company registration ID"),
    **ADDRESS,
    "contact_first_name": _("Contact’s first name"),
    "contact_last_name": _("Contact’s last name"),
    "contact_email": _("Contact’s e-mail address"),
    "contact_phone": _("Contact’s telephone number"),
    "language": _("Language of e-mails and pages"),
    OWN_BILL_TO: _("Bill-to info of its own"),
    **{f"{BILL_TO}{name}": label for name, label in BILL_TO_FIELDS.items()},
    "accepted_on": _("Accepted on"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("E-mail address"),
    "phone": _("Telephone number"),
}
