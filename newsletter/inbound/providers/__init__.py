"""Events that providers of mail servers post to us (webhooks) -> `Reading`. Pure.

A module per provider: how it signs, and what its JSON says. Only bounces and complaints
are read; all other events are passed over.

Law: nothing is believed before its signature was checked, and even then an event acts
by a token of ours alone, as a returned mail does.
"""
