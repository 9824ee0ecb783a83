"""Items of spend in one sentence or line: a name with an amount, or with a volume and a price."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from tui_app.rehearsal.agent.quantities import Quantity

FIRST = 0xE000
STOPS = frozenset(
    """
    a an the our we us i you my your their its it they and or plus also of on for to in at by with from into towards toward via
    through per each every is are was were be been being has have had do does did will would can could should spend spends spent
    spending pay pays paid paying cost costs costing price priced prices charge charges charged bill bills billed billing invoice
    invoices run runs running ran serve serves serving served handle handles handled handling process processes processed processing
    get gets got receive receives received see sees use uses used using consume consumes consumed make makes made making take takes
    took taking eat eats burn burns account accounts come comes came amount amounts amounting go goes went going total totals
    totalling sum altogether overall about around roughly approximately some only just nearly almost currently now today right last
    this next month monthly week weekly day daily year yearly annual annually quarter quarterly while whereas then there here that
    which who whose these those both all another other request requests call calls query queries prompt prompts message messages token
    tokens usd eur gbp dollars dollar euros rest remaining respectively model models figures figure ours data i'm we're it's following
    usage volume traffic workload unit rate what how much many if when so because since as than more less usually typically another
    additional further approx ca circa budget estimated vendor provider service line item items breakdown please help reduce want need
    like here's answer question consider given suppose say imagine company team's month's average averages averaging send sends
    sending sent answer answers answered answering perform performs performed execute executes executed complete completes
    completed carry carries carried manage manages managed must not may cannot
    """.split()  # noqa: SIM905
)
SUMMARY = re.compile(r"\b(?:total|sum|altogether|overall|in all|combined|budget|budgeted)\b", re.IGNORECASE)
PAYING = re.compile(
    (
        r"\b(?:spend(?:s|ing)?|spent|pay(?:s|ing)?|paid|invest\w*|allocat\w*)\b(?:\s+(?:about|around|roughly"
        r"|some|us|over|nearly|another))*\s*$"
    ),
    re.IGNORECASE,
)
AFTER = re.compile(
    r"\s*(?:,\s*)?(?:(?:for|covering|buys?|bought)\s+(?:(?:the|all|its|those|these)\s+)*[\ue000-\uf8ff]\s*)?"
    r"(?:(?:is|are|was|gets?|being)\s+)?(?:spent\s+|goes\s+|go\s+|going\s+|went\s+|paid\s+"
    r"|used\s+)?(?:on|for|to|towards?|into|with|via|through|by|is|that|which)\s+(?:the\s+"
    r"|our\s+)?(?P<name>[A-Za-z][^\ue000-\uf8ff,;:()]*)"
    r"|\s*\(\s*(?P<inside>[A-Za-z][^\ue000-\uf8ff()]*)\)"
)


@dataclass
class Item:
    """One thing that costs money. Everything is per month; `price` is for one unit."""

    name: str
    amount: Fraction | None = None
    volume: Fraction | None = None
    price: Fraction | None = None
    unit: str = "request"
    dated: bool = False
    """Whether the amount came with a period of its own."""

    @property
    def cost(self) -> Fraction | None:
        """What it costs in a month, where that can be known."""
        if self.amount is not None:
            return self.amount
        return self.volume * self.price if self.volume is not None and self.price is not None else None

    @property
    def each(self) -> Fraction | None:
        """What one unit costs, where that can be known."""
        if self.price is not None:
            return self.price
        return self.amount / self.volume if self.amount is not None and self.volume else None

    def fill(self, other: Item) -> None:
        """Take over what is missing here; two amounts of one name are added up."""
        if self.amount is not None and other.amount is not None:
            self.amount += other.amount
        self.amount = other.amount if self.amount is None else self.amount
        self.volume = other.volume if self.volume is None else self.volume
        self.price = other.price if self.price is None else self.price


def clean(text: str) -> str:
    """The name in a piece of prose: what is left without articles, verbs and units; an empty string where that is nothing."""
    words = re.findall(r"[\w][\w.+/’'-]*", text)
    kept: list[str] = []
    for word in words:
        letter = word == "A" and bool(kept)  # as in `Team A`
        stem = re.sub(r"['’](?:ve|re|ll|d|m)$", "", word.lower().strip(".,'’"))
        if letter or stem not in STOPS:
            kept.append(word.strip(".'’"))
    kept = [re.sub(r"['’]s$", "", word) for word in kept if word]
    if not any(any(letter.isalpha() for letter in word) for word in kept):
        return "A" if re.search(r"\bA\b", text) and "A" not in kept else ""
    if len(kept) > 3:
        models = [word for word in kept if re.search(r"[a-z].*\d|-", word, re.IGNORECASE)]
        kept = models[-1:] or kept[-3:]
    return " ".join(kept)


class Reader:
    """Assigns the quantities of one coded sentence (each a private-use character) to names."""

    def __init__(self, coded: str, found: list[Quantity], priced: list[int], spending: bool) -> None:
        self.coded = coded
        self.found = found
        self.priced = priced
        self.bare: set[str] = set()
        """Items whose amount was a bare number: a count, should a price or an amount of money follow."""
        self.spending = spending or any(found[index].kind in ("money", "price") for index in priced)

    def items(self) -> list[Item]:
        """The named items; quantities without any name are left out."""
        named: list[Item] = []
        current: Item | None = None
        first = self.coded.index(chr(FIRST + self.priced[0]))
        paying = PAYING.search(self.coded[:first]) is not None
        trailing = (paying or not clean(self._before(first, 0))) and self._after(self.priced[0]) != ""
        end = 0
        ahead: Quantity | None = None
        for index in self.priced:
            place = self.coded.index(chr(FIRST + index))
            gap = self._before(place, end)
            name = self._after(index) if trailing else clean(gap)
            if SUMMARY.search(gap if not trailing else ""):
                name, current = "", None
                end = place + 1
                continue
            if name and (current is None or name.lower() != current.name.lower()) and not (trailing and self._joined(gap, current)):
                current = Item(name)
                named.append(current)
                if ahead is not None:
                    self._give(current, ahead)
                    ahead = None
            if current is None and self.found[index].kind == "price":
                ahead = self.found[index]  # `At $2 per request, NAME takes ...`
            elif current is not None and self._is_volume(index):
                current.volume = self.found[index].value
                current.unit = named[-2].unit if len(named) > 1 else current.unit
            elif current is not None:
                self._give(current, self.found[index])
            end = place + 1
        kinds = {self.found[index].kind for index in self.priced}
        if not named and "price" in kinds and kinds & {"volume", "tokens"}:
            named.append(Item(self._after(self.priced[-1]) or "this workload"))
            for index in self.priced:
                self._give(named[0], self.found[index])
        return named

    def _is_volume(self, index: int) -> bool:
        """`40 million at $15 per million`: a bare number that a price follows directly counts units, those of the item before."""
        following = index + 1
        if self.found[index].kind != "plain" or following not in self.priced or self.found[following].kind != "price":
            return False
        return re.search(rf"{chr(FIRST + index)}\s*(?:at|@|x|×|,|for)\s*{chr(FIRST + following)}", self.coded) is not None

    def _joined(self, gap: str, current: Item | None) -> bool:
        """`600,000 requests on gpt-4o at $0.004 each`: what follows `at` belongs to the name before."""
        return current is not None and re.search(r"\b(?:at|for|costing|@)\s*$", gap, re.IGNORECASE) is not None

    def _before(self, place: int, end: int) -> str:
        gap = self.coded[end:place]
        head = re.split(r"[:=|→]|->|\s[—–-]\s", gap)
        if len(head) > 1 and clean(head[-1]) == "":
            gap = head[-2] if clean(head[-2]) else gap
        elif len(head) > 1:
            gap = head[-1]
        pieces = [piece for piece in re.split(r",|;|\band\b|[\ue000-\uf8ff]", gap) if clean(piece)]
        return pieces[-1] if pieces else gap

    def _after(self, index: int) -> str:
        place = self.coded.index(chr(FIRST + index)) + 1
        match = AFTER.match(self.coded, place)
        if match is None:
            return ""
        name = match["name"] or match["inside"] or ""
        return clean(re.split(r"\b(?:and|at|plus|while|which|but|for|costing|each|every|per)\b", name)[0])

    def _give(self, item: Item, quantity: Quantity) -> None:
        if item.name in self.bare and item.volume is None and quantity.kind in ("money", "price"):
            item.amount, item.volume = None, item.amount
            self.bare.discard(item.name)
        if quantity.kind == "money":
            if item.volume is not None and item.amount is None and item.price is None and quantity.value < 1:
                item.price = quantity.value
            elif item.amount is None:
                item.amount = quantity.value
                item.dated = quantity.period != ""
        elif quantity.kind == "price":
            item.price = quantity.value
            item.unit = quantity.unit.rstrip("s") or item.unit
        elif quantity.kind in ("volume", "tokens"):
            item.volume = quantity.value
            item.unit = "token" if quantity.kind == "tokens" else quantity.unit.rstrip("s")
        elif item.volume is not None and item.price is None and quantity.value < 10:
            item.price = quantity.value
        elif item.price is not None and item.amount is None and item.volume is None and quantity.value >= 10:
            item.volume = quantity.value
        elif item.amount is None and item.price is None and self.spending:
            item.amount = quantity.value
            self.bare.add(item.name)
