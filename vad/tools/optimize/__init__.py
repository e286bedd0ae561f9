"""A study's programs changed by DSPy's optimisers, a part of the scenarios kept from them."""
