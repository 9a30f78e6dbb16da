"""The rules and the corpus fit each other. Alone in a file: it runs when most is consulted."""

from consulted import CORPUS

from advisor import api


def test_every_rule_fires_for_somebody(consulted):
    fired = set().union(*(consulted(path).fired for path in CORPUS))
    rules = api.rulebase().seen("evidence").rules
    missing = [
        rule.code for rule in rules if rule.entry.status == "stable" and rule.code not in fired
    ]
    assert not missing, (
        f"{', '.join(missing)}: no profile of tests/corpus makes these rules fire; "
        "add one that does, or retire the rule"
    )
