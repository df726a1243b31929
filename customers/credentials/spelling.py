"""A password in words, for the telephone and for paper on which l and 1 look alike."""

ALPHABET = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec "
        "romeo sierra tango uniform victor whiskey x-ray yankee zulu".split(),
        strict=True,
    )
)


def spelled(password: str) -> str:
    """Each letter as its word of the international alphabet, capitals in capitals; what is no letter stays."""
    words = [ALPHABET.get(sign.lower(), sign) for sign in password]
    return " ".join(word.upper() if sign.isupper() else word for sign, word in zip(password, words, strict=True))
