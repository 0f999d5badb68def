"""`kitsu bench`: the budgets, measured on a whole system next to a floor of the same run."""
