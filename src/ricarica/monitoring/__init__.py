"""What stations watch by themselves, what they notice, and values that they stream."""
