"""The people and companies of the demo, as data."""

from typing import NamedTuple

from accounts.roles import Program, Role


class DemoCompany(NamedTuple):
    """A company of the demo and the people who sign in for it."""

    domain: str
    legal_name: str
    program: Program
    mpn_id: str
    country: str
    address: tuple[str, str, str, str]  # line 1, city, state, postal code
    phone: str
    people: tuple[tuple[str, str, Role], ...]  # local part of the address, full name, role
    language: str = "en"
    time_zone: str = "America/New_York"
    further_regions: tuple[str, ...] = ()
    enrolled: bool = True


_P, _R = Program.INDIRECT_PROVIDER, Program.INDIRECT_RESELLER
_GA = Role.GLOBAL_ADMIN

COMPANIES = (
    DemoCompany(
        "northwind.example",
        "Northwind Distribution Inc.",
        _P,
        "4847383",
        "US",
        ("1 Harbor Plaza", "Seattle", "WA", "98101"),
        "+12065550100",
        (
            ("globaladmin", "Anna Lindqvist", _GA),
            ("adminagent", "Marcus Bell", Role.ADMIN_AGENT),
            ("salesagent", "Priya Raman", Role.SALES_AGENT),
            ("helpdesk", "Tom Okafor", Role.HELPDESK_AGENT),
        ),
        time_zone="America/Los_Angeles",
        further_regions=("brazil",),
    ),
    DemoCompany(
        "tailwind.example",
        "Tailwind Wholesale LLC",
        _P,
        "0512876",
        "US",
        ("400 Peachtree Center Ave", "Atlanta", "GA", "30303"),
        "+14045550100",
        (("globaladmin", "Grace Whitfield", _GA),),
    ),
    DemoCompany(
        "fabrikam.example",
        "Fabrikam Cloud Services Inc.",
        _R,
        "0012345",
        "US",
        ("77 Congress Street", "Boston", "MA", "02109"),
        "+16175550100",
        (
            ("globaladmin", "Laura Hughes", _GA),
            ("salesagent", "Diego Santos", Role.SALES_AGENT),
            ("helpdesk", "Emily Nguyen", Role.HELPDESK_AGENT),
        ),
    ),
    DemoCompany(
        "contoso.example",
        "Contoso Managed IT LLC",
        _R,
        "5123409",
        "US",
        ("2200 Ross Avenue", "Dallas", "TX", "75201"),
        "+12145550100",
        (("globaladmin", "Henry Carlson", _GA),),
        time_zone="America/Chicago",
    ),
    DemoCompany(
        "adventureworks.example",
        "Adventure Works Tecnologia Ltda.",
        _R,
        "6230187",
        "BR",
        ("Avenida Paulista 1578", "São Paulo", "SP", "01310-200"),
        "+551135550100",
        (("globaladmin", "Beatriz Carvalho", _GA),),
        language="pt-br",
        time_zone="America/Sao_Paulo",
    ),
    DemoCompany(
        "wideworldimporters.example",
        "Wide World Importers Corporation",
        _R,
        "7004521",
        "US",
        ("500 West Madison Street", "Chicago", "IL", "60661"),
        "+13125550100",
        (("globaladmin", "Samuel Ortiz", _GA),),
        time_zone="America/Chicago",
    ),
    DemoCompany(
        "litware.example",
        "Litware Solutions Inc.",
        _R,
        "8101936",
        "US",
        ("1600 Broadway", "Denver", "CO", "80202"),
        "+13035550100",
        (("globaladmin", "Nora Fitzgerald", _GA),),
        time_zone="America/Denver",
    ),
    DemoCompany(
        "proseware.example",
        "Proseware Partners LLC",
        _R,
        "9010007",
        "US",
        ("88 Biscayne Boulevard", "Miami", "FL", "33132"),
        "+13055550100",
        (("globaladmin", "Oliver Grant", _GA),),
        enrolled=False,
    ),
    DemoCompany(
        "lucernepublishing.example",
        "Lucerne Cloud Partners Inc.",
        _R,
        "9120455",
        "US",
        ("350 Fifth Avenue", "New York", "NY", "10118"),
        "+12125550100",
        (("globaladmin", "Isaac Moreno", _GA), ("helpdesk", "Freya Lund", Role.HELPDESK_AGENT)),
    ),
    DemoCompany(
        "woodgrove.example",
        "Woodgrove Technology LLC",
        _R,
        "9231866",
        "US",
        ("900 Market Street", "Philadelphia", "PA", "19107"),
        "+12155550100",
        (("globaladmin", "Denise Walker", _GA),),
    ),
    DemoCompany(
        "treyresearch.example",
        "Trey Research Services Inc.",
        _R,
        "9342277",
        "US",
        ("12 Technology Square", "Cambridge", "MA", "02139"),
        "+16175550188",
        (("globaladmin", "Victor Hale", _GA),),
    ),
)

# (provider, reseller, days ago): Litware has no partnership, so that the first request can go to it.
PARTNERSHIPS = (
    ("northwind.example", "fabrikam.example", 400),
    ("northwind.example", "contoso.example", 310),
    ("northwind.example", "adventureworks.example", 230),
    ("northwind.example", "woodgrove.example", 190),
    ("northwind.example", "treyresearch.example", 260),
    ("tailwind.example", "fabrikam.example", 150),
    ("tailwind.example", "wideworldimporters.example", 340),
)


class DemoCustomers(NamedTuple):
    """Some customers of one provider, all managed by one reseller or by none."""

    provider: str
    reseller: str  # empty: a direct customer of the provider
    country: str
    names: tuple[str, ...]


CUSTOMERS = (
    DemoCustomers(
        "northwind.example",
        "fabrikam.example",
        "US",
        (
            "Alpine Ski House",
            "Bellows College",
            "Best For You Organics Company",
            "City Power & Light",
            "Coho Winery",
            "Fourth Coffee",
            "Graphic Design Institute",
            "Humongous Insurance",
            "Lamna Healthcare Company",
            "Lucerne Publishing",
            "Margie's Travel",
            "Munson's Pickles and Preserves Farm",
            "Nod Publishers",
            "Relecloud Robotics",
        ),
    ),
    DemoCustomers(
        "northwind.example",
        "contoso.example",
        "US",
        (
            "Blue Yonder Airlines",
            "Fincher Architects",
            "First Up Consultants",
            "Liberty's Delightful Sinful Bakery & Cafe",
            "School of Fine Art",
            "Southridge Video",
            "The Phone Company",
            "Trey Research",
            "VanArsdel Motors",
        ),
    ),
    DemoCustomers(
        "northwind.example",
        "adventureworks.example",
        "BR",
        (
            "Café São Jorge Ltda.",
            "Clínica Vida Plena S.A.",
            "Construtora Horizonte Ltda.",
            "Escola Técnica Aurora",
            "Transportes Rio Doce Ltda.",
            "Vinícola Serra Gaúcha S.A.",
        ),
    ),
    DemoCustomers("northwind.example", "", "US", ("Datum Corporation", "Tailspin Toys", "Woodgrove Bank")),
    DemoCustomers(
        "tailwind.example",
        "fabrikam.example",
        "US",
        ("Consolidated Messenger", "Oak Street Dental", "Parnell Aerospace", "Wingtip Toys"),
    ),
    DemoCustomers(
        "tailwind.example",
        "wideworldimporters.example",
        "US",
        ("Boulder Innovations", "Harborview Logistics", "Olive & Thyme Restaurants", "Summit Legal Group"),
    ),
)

# What they bought, by product title: (licenses, term, billing plan). Taken in turn, so that customers differ.
BASKETS: tuple[tuple[tuple[str, int, str, str], ...], ...] = (
    (("Microsoft 365 Business Standard", 25, "P1Y", "Monthly"), ("Exchange Online (Plan 1)", 10, "P1Y", "Monthly")),
    (("Microsoft 365 Business Basic", 12, "P1Y", "Monthly"),),
    (("Microsoft 365 Business Premium", 40, "P1Y", "Annual"), ("Visio Plan 2", 3, "P1Y", "Monthly")),
    (("Microsoft 365 Business Standard", 8, "P1Y", "Monthly"), ("Power BI Pro", 4, "P1Y", "Monthly")),
    (("Office 365 E3", 120, "P1Y", "Monthly"), ("Microsoft Intune Plan 1", 120, "P1Y", "Monthly")),
    (("Microsoft 365 Business Basic", 30, "P1Y", "Annual"),),
    (("Microsoft 365 E3", 300, "P1Y", "Monthly"), ("Power BI Pro", 25, "P1Y", "Monthly")),
    (("Exchange Online (Plan 1)", 6, "P1Y", "Monthly"), ("Microsoft 365 Apps for business", 6, "P1Y", "Monthly")),
)

# A street, a city, a state and a postal code that belong together, in turn.
PLACES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "US": (
        ("120 Market Street", "San Francisco", "CA", "94105"),
        ("45 River Road", "Portland", "OR", "97205"),
        ("9 State Street", "Albany", "NY", "12207"),
        ("310 Main Street", "Columbus", "OH", "43215"),
        ("18 Elm Avenue", "Austin", "TX", "78701"),
        ("720 Olive Way", "Seattle", "WA", "98101"),
        ("55 Beacon Street", "Boston", "MA", "02108"),
    ),
    "BR": (
        ("Rua Augusta 900", "São Paulo", "SP", "01304-001"),
        ("Avenida Rio Branco 120", "Rio de Janeiro", "RJ", "20040-001"),
        ("Avenida Afonso Pena 1500", "Belo Horizonte", "MG", "30130-005"),
        ("Rua dos Andradas 1001", "Porto Alegre", "RS", "90020-007"),
    ),
}

CONTACTS = (
    ("Jordan", "Miller"),
    ("Casey", "Brown"),
    ("Riley", "Wilson"),
    ("Morgan", "Davis"),
    ("Taylor", "Clark"),
    ("Jamie", "Lewis"),
    ("Avery", "Walker"),
)
