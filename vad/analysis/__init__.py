"""Analysis: answers -> measures, comparisons, power; results as DataFrames."""
