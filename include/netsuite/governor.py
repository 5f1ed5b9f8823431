"""How many requests may be in flight: lowered when NetSuite refuses, raised again slowly.

NetSuite refuses at once and queues nothing (ORA:bridgehead_1525252812), and the account's limit is shared with every
other integration: sleeping alone is not enough, the client has to ask for less.
"""
