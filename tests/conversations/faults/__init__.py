"""What goes wrong while people work: after each fault one comment, one concluded check on the head, no tick lost."""
