"""What the files around the migrations would run against a database: commands, where they stand, what they destroy."""
