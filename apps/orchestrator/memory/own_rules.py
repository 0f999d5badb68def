"""The show's own rules of the gate, as they are kept.

Each function runs inside one transaction of `Database.run`.
"""

import sqlite3

from libs.contracts.safety import MAXIMUM_OWN_RULES, OwnRule


def all_rules(db: sqlite3.Connection) -> tuple[OwnRule, ...]:
    """Oldest first."""
    sql = "SELECT * FROM own_rule ORDER BY made_at, rule_id LIMIT ?"
    return tuple(
        OwnRule(
            rule_id=row["rule_id"],
            action=row["action"],
            text=row["text"],
            by=row["by"],
            made_at=row["made_at"],
        )
        for row in db.execute(sql, (MAXIMUM_OWN_RULES,))
    )


def put(db: sqlite3.Connection, rule: OwnRule, words: str) -> None:
    """A rule for the same words goes."""
    db.execute("DELETE FROM own_rule WHERE words = ?", (words,))
    db.execute(
        "INSERT INTO own_rule (rule_id, action, text, words, by, made_at) VALUES (?,?,?,?,?,?)",
        (rule.rule_id, rule.action, rule.text, words, rule.by, rule.made_at),
    )


def remove(db: sqlite3.Connection, rule_id: str) -> None:
    db.execute("DELETE FROM own_rule WHERE rule_id = ?", (rule_id,))
