"""The whole product on one machine: a shop, a stand-in GitHub with pages, Redis, the bot's web and its worker."""
