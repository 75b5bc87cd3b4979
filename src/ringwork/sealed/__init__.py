"""Fields that are sealed before they reach the database, and opened where the application reads them; one door for each ORM."""
