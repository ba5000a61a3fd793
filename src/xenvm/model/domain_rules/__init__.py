"""The rules on domains: one short function each, told what they find and where it is written."""
