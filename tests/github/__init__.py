"""A stand-in for GitHub: a real HTTP server with real git behind it, which rejects what GitHub rejects.

    from tests.github.faults import secondary_limit       # what goes wrong on purpose
    from tests.github.world import World

    with World(tmp_path) as github:                       # an address of its own: github.url
        github.webhook_url = "http://127.0.0.1:8000/webhook"        # and github.app_settings() for the bot
        shop = github.create_repository("acme/shop", {"migrations/1_init.sql": "CREATE TABLE a (id int);"})
        github.allow(shop, "ann", "write")
        github.push(shop, "feature", {"migrations/2_more.sql": "DROP TABLE a;"}, by="ann")
        pull = github.open_pull(shop, "feature", "ann")   # and pull_request.opened is on its way
        github.fail("POST", "/check-runs$", secondary_limit(60))
        github.tick("ann", pull, "1a2b3c4d")              # a click on a box of the bot's comment
        github.hooks.settle()                             # every delivery was answered
        assert github.required_state(shop, pull.head_sha) == "success"

It poses as a GitHub Enterprise Server: the API is under /api/v3, repositories are at /OWNER/NAME.git. Everything people
do is a method of World and fires the events that GitHub would; what they may not do raises state.Refused. `hooks` holds
deliveries back, reorders, doubles and loses them.
"""
