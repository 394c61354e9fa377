"""What is wrong with a field, in words that are translated where they are shown."""

from ricarica.web.translations import msgid

NAME_TAKEN = msgid("This is taken already.")
NAME_MISSING = msgid("This needs a name.")
NO_IDENTITY = msgid("An identity has 1 to 255 characters that can be seen.")
NO_SUCH_SITE = msgid("This site is gone.")
NO_SUCH_TARIFF = msgid("This tariff is gone.")
PASSWORD_TOO_SHORT = msgid("This password is too short.")
PASSWORD_WRONG = msgid("This is not your password.")
UNKNOWN_CHOICE = msgid("Choose one of these.")
NO_NUMBER = msgid("This is no number.")
UNCLEAR_NUMBER = msgid("Write thousands without a mark, and decimals after a point.")
NO_COUNT = msgid("This is a whole number from 1 to 1000.")
NO_CURRENCY = msgid("A currency has three letters.")
NO_PRICE = msgid("This is a number from 0 with at most 6 decimals.")
NO_PERCENT = msgid("This is a number from 0 to 100.")
NO_INSTANT = msgid("This is no date and time.")
NOT_AN_OFFSET = msgid("Minutes, from -840 to 840.")
