"""The stars of members (党员评星定级): what they follow from, the cycle up to the committee, list and papers."""
