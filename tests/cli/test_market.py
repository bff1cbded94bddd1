"""`hansa market` as a person types it: without a node that is up, with two that are, and with what makes no sense."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hansa.market.messages import MAX_SAID, MOST_UNITS
from tests.cli.conftest import Hansa, Said
from tests.cli.test_net import until
from tests.e2e.processes import Process

EIGHT = ("computational_power", "memory_capacity", "knowledge_base", "processing_queue", "consciousness_state",
         "learned_patterns", "threat_intelligence", "optimisation_insights")  # fmt: skip
OFFER = ("market", "offer", "computational_power", "2", "cores")


# ------------------------------------------------------------------------------------------------- without a node up


def test_own_word_is_kept_and_listed_without_a_node_that_is_up(node: Hansa) -> None:
    said = node(*OFFER, "--price", "0.06", "--hours", "8")
    assert said.code == 0
    first, second = said.out.splitlines()
    assert first.startswith("on offer as ") and "2 cores at 0.06 credits for a core and hour, until 20" in first
    assert second == "nobody is told while no node is up: hansa up"
    listed = node("market", "list", "--json").json
    (one,) = listed["offers"]
    assert (one["amount"], one["price"], one["free"], one["own"]) == (2000, 60, 2000, True)
    assert (listed["up"], listed["requests"]) == (False, [])
    asked = node("market", "request", "mem", "2 GiB", "--least", "512 MiB", "--urgency", "800", "--most", "0.06",
                 "--lasts", "30m", "--within", "8h", "--json").json  # fmt: skip
    assert (asked["number"], asked["amount"], asked["asked"], asked["lasts_seconds"]) == (1, 2048, 2048, 1800)
    (one,) = node("market", "list", "--json").json["requests"]
    assert (one["least"], one["urgency"], one["most"], one["missing"]) == (512, 800, 59, 2048)
    shown = node("market", "list").out
    assert "2 cores" in shown and "2 GiB" in shown and "0.06" in shown and "this node" in shown
    assert "heard only while a node is up" in shown


def test_a_request_is_withdrawn_by_its_number_and_an_offer_by_its_id(node: Hansa) -> None:
    offer = node(*OFFER, "--json").json["offer"]
    for number in (1, 2):
        assert node("market", "request", "memory", "1 GiB", "--json").json["number"] == number
    assert node("market", "withdraw", "2").out.startswith("request ")
    assert node("market", "withdraw", offer[:12]).out.startswith(f"offer {offer[:12]} is withdrawn")
    listed = node("market", "list", "--json").json
    assert ([one["number"] for one in listed["requests"]], listed["offers"]) == ([1], [])
    for gone in ("2", offer[:12], "x", ""):
        said = node("market", "withdraw", gone)
        assert (said.code, "see hansa market list" in said.sentence) == (3, True)


def test_a_node_has_so_many_offers_at_most(node: Hansa) -> None:
    for number in range(MAX_SAID):
        assert node(*OFFER, "--price", f"0.{number + 1:03d}").code == 0
    said = node(*OFFER, "--price", "1")
    assert (said.code, "take one back with hansa market withdraw" in said.sentence) == (2, True)


WRONG = [
    (("offer", "disk", "3"), "computational_power, memory_capacity"),
    (("offer", "c", "1 core"), "c may be computational_power or"),
    (("offer", "comp", "2"), '"2 cores"'),
    (("offer", "comp", "0m"), "at least one unit"),
    (("offer", "comp", "0.0001", "cores"), "no whole number of units"),
    (("offer", "memory", "4", "GB"), '"4 GiB"'),
    (("offer", "comp", "1 core", "--price", "-1"), "--price is -1 credits"),
    (("offer", "comp", "1 core", "--price", "free"), "--price free is no number"),
    (("offer", "comp", "1 core", "--price", "0.0000001"), "6 decimals at most"),
    (("offer", "comp", "1 core", "--price", "0.0001"), "less than the least price"),
    (("offer", "processing_queue", "1000000", "--price", "1000000"), "the price is too large"),
    (("offer", "comp", "1 core", "--hours", "0"), "--hours"),
    (("offer", "comp", "1 core", "--hours", "soon"), "write 8 or 0.5"),
    (("offer", "comp", "1 core", "--hours", "100000"), "366 days at most"),
    (("offer", "comp", "1 core", "--from", "2020-01-01"), "is past"),
    (("offer", "comp", "1 core", "--from", "yesterday"), "--from yesterday"),
    (("request", "comp", "1 core", "--least", "2 cores"), "is of use is 2 cores: no more than the 1 core that"),
    (("request", "comp", "1 core", "--urgency", "1001"), "urgency is a whole number from 0 to 1000"),
    (("request", "comp", "1 core", "--lasts", "2h", "--within", "1h"), "--within is shorter than --lasts"),
    (("request", "comp", "1 core", "--lasts", "30"), "write 30m, 2h"),
    (("request", "knowledge_base", "3", "--lasts", "1h"), "leave out --lasts"),
    (("request", "comp", "1 core", "--lasts", "3d"), "no lease lasts longer than 1d13h16m57s"),
    (("request", "comp", "1 core", "--topic", "text"), "only copies are about something"),
    (("request", "knowledge_base", "3", "--topic", "x" * 65), "--topic has at most 64"),
    (("request", "optimisation_insights", "3"), "there are no records of optimisation_insights"),
    (("offer", "optimisation_insights", "3"), "there are no records of optimisation_insights"),
    (("forecast", "disk"), "is no resource"),
    (("request", "processing_queue", str(MOST_UNITS + 1)), "give less"),
]  # fmt: skip


def test_what_makes_no_sense_is_one_sentence(node: Hansa) -> None:
    for words, told in WRONG:
        said = node("market", *words)
        assert (said.code, told in said.sentence) == (2, True), said
    as_json = node("market", *WRONG[0][0], "--json").json
    assert (as_json["exit_code"], as_json["error"]["reason"]) == (2, "usageerror")
    listed = node("market", "list", "--json").json
    assert listed["offers"] == listed["requests"] == []


def test_an_unknown_resource_names_the_eight(node: Hansa) -> None:
    said = node("market", "offer", "gpu", "1")
    assert all(one in said.sentence for one in EIGHT)


def test_what_goes_over_the_overlay_wants_a_node_that_is_up(node: Hansa) -> None:
    said = node("market", "match")
    assert (said.code, said.sentence.endswith("is heard only while one is: hansa up")) == (4, True)
    said = node("market", "release", "4fc21b7e")
    assert (said.code, "no lease of this node's" in said.sentence) == (3, True)


def test_of_an_empty_market_everything_is_said_plainly(node: Hansa) -> None:
    assert node("market", "list").out.startswith("nothing is on offer\nnothing is asked for\n")
    assert node("market", "leases").out == "no lease goes on (--all shows those that are over)\n"
    assert node("market", "leases", "--all").out == "no leases\n"
    assert node("market", "accounts").out == "nobody owes anybody anything\n"
    assert node("market", "accounts", "--check", "--json").json["same"] is True
    said = node("market", "forecast", "memory")
    assert (said.code, said.out) == (
        1, "too little is known of memory_capacity: 0 hours, of 48 that it takes\n",
    )  # fmt: skip
    assert "efficiency -; optimal routing -" in node("market", "flows", "--hours", "672").out


def test_tables_fit_the_screen(node: Hansa, monkeypatch: pytest.MonkeyPatch) -> None:
    assert node("market", "offer", "threat_intelligence", "1000", "--price", "0.000001").code == 0
    assert node("market", "request", "threat_intelligence", "10", "--most", "2").code == 0
    for width in (64, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        for line in node("market", "list").out.splitlines():
            assert len(line.rstrip()) <= width, line


# ------------------------------------------------------------------------------------------------------ two nodes up


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    """Gives a lender and a borrower that know each other, with a link between them."""
    folder = tmp_path_factory.mktemp("market")
    lender, borrower = Process(folder, "lender"), Process(folder, "borrower")
    for one in (lender, borrower):
        one.start()
    for one, other in ((lender, borrower), (borrower, lender)):
        one.ask("peer.set", id=other.id, invited=True)
    borrower.ask("net.connect", url=lender.url)
    yield lender, borrower
    for one in (lender, borrower):
        assert one.process is not None
        one.process.terminate()
        one.gone()


def test_an_offer_becomes_a_lease_that_is_given_back_and_settled(pair: tuple[Process, Process], hansa: Hansa) -> None:
    lender, borrower = pair

    def at(one: Process, *words: str) -> Said:
        return hansa("market", *words, "--home", one.home)

    offered = at(lender, "offer", "comp", "2", "cores", "--price", "0.06", "--hours", "2")
    assert (offered.code, len(offered.out.splitlines())) == (0, 1)
    until(lambda: at(borrower, "list", "--json").json["offers"])
    low = at(borrower, "request", "comp", "1", "core", "--most", "0.01", "--lasts", "30m", "--within", "1h")
    assert "asked for as request 1: 1 core" in low.out
    match = at(borrower, "match")
    assert match.code == 0
    assert "- 1 core of computational_power for request 1: too dear\n" in match.out
    assert "costs 0.06 credits, its urgency counted, and it pays 0.01" in match.out
    assert at(borrower, "withdraw", "1").code == 0
    asked = at(borrower, "request", "comp", "1", "core", "--most", "0.2", "--lasts", "30m", "--within", "1h")
    assert "asked for as request 2: 1 core" in asked.out
    until(lambda: [one for one in at(borrower, "leases", "--json").json["leases"] if one["state"] == "active"])
    (lease,) = at(borrower, "leases", "--borrowed", "--json").json["leases"]
    assert (lease["amount"], lease["price"], lease["peer"]) == (1000, 60, lender.id)
    assert at(borrower, "leases", "--lent", "--json").json["count"] == 0
    shown = at(lender, "leases").out
    assert "lent" in shown and "1 core" in shown and "active" in shown

    refused = at(lender, "release", lease["lease"][:8])
    assert (refused.code, "only its borrower can give it back" in refused.sentence) == (2, True)
    back = at(borrower, "release", lease["lease"][:8])
    assert back.out.startswith(f"lease {lease['lease'][:12]} goes back to {lender.id} (it was active)")
    until(lambda: at(lender, "accounts", "--json").json["balances"])
    until(lambda: at(borrower, "accounts", "--json").json["balances"])
    for one, sign in ((lender, 1), (borrower, -1)):
        accounts = at(one, "accounts", "--check", "--json")
        assert (accounts.code, accounts.json["same"]) == (0, True)
        assert [each["owes"] for each in accounts.json["balances"]] == [sign * 7500], "a quarter of half an hour"
    assert "0.0075" in at(lender, "accounts").out
    assert at(borrower, "leases").out.startswith("no lease goes on")
    page = at(borrower, "leases", "--all", "--limit", "1", "--json").json
    assert page["leases"][0]["state"] == "settled"
    assert "settled" in at(borrower, "leases", "--all").out
    flows = at(lender, "flows")
    assert "1 transfers" in flows.out and "100.0 %  computational_power" in flows.out
    assert at(borrower, "release", lease["lease"]).code == 1
