"""The bench: measures whether the suite keeps its budgets, and writes docs/performance.md from what it measured.

Data flows one way: checkout.py, meter.py and measure.py make entries of the record (record.py);
budgets.py judges them; page.py and chart.py show them. What is shown can be written again from
the record alone.
"""
