"""Who may charge, where and when: tokens, groups, rules, local lists, attempts."""
