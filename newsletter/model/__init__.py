"""The values that flow between the stages: frozen, typed, without behaviour.

One file per value. Every stage imports from here and none from another stage, so what
two stages both need to know is written down here and nowhere else.
"""
