"""The bench measures whether the suite keeps its budgets and writes docs/performance.md.

Data flows one way: checkout.py, meter.py and measure.py create the entries of the record (record.py),
budgets.py judges them, page.py and chart.py show them. Page and chart can be rendered from the record alone.
"""
