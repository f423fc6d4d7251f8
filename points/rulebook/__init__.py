"""The rule book (积分规则): its editions, how they are read, edited, tried and published."""
