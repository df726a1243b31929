"""What an e-mail address says about a company, and what it does not."""

# Everybody has an address there, so that sharing the domain says nothing about sharing a company.
PUBLIC_MAIL_DOMAINS = frozenset(
    """
    163.com aol.com bol.com.br fastmail.com gmail.com gmx.com gmx.de gmx.net googlemail.com hotmail.co.uk hotmail.com
    hotmail.com.br hotmail.fr icloud.com ig.com.br live.com mac.com mail.com mail.ru me.com msn.com naver.com
    outlook.com outlook.com.br proton.me protonmail.com qq.com rediffmail.com rocketmail.com terra.com.br uol.com.br
    web.de yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.fr yandex.com yandex.ru ymail.com zoho.com
    """.split()
)


def mail_domain(address: str) -> str:
    """The part of an address after the last @, in lower case."""
    return address.rpartition("@")[2].lower()


def is_public_mailbox(address: str) -> bool:
    """Whether the address is one that anybody can get for themselves, company or not."""
    return mail_domain(address) in PUBLIC_MAIL_DOMAINS
