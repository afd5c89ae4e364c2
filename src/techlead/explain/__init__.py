"""Views of a Plan and its ledger: who may do what, which rule and why, what happens, where a value goes. No model is asked."""
