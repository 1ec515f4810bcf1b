"""Who holds the layout's lock; and ends sessions of ours that nobody is behind any more."""

from __future__ import annotations

from workers.environments.history import holders
from workers.environments.order import Order, looking


def end_remnants(order: Order) -> tuple[str, ...]:
    """What was found and done, plain sentences. To be called while nobody of ours is at work there. Raises Refused,
    Unreachable."""
    with looking(order) as desk:
        said = []
        for one in holders(desk.connection, desk.book):
            if one.mine:
                desk.connection.execute("SELECT pg_catalog.pg_terminate_backend(%s)", (one.pid,))
                said.append(f"ended pid {one.pid} ({one.called}), which nobody of us is behind any more")
            else:
                said.append(f"pid {one.pid} ({one.called}) holds the lock of {desk.book.name}")
        return tuple(said) or (f"nobody holds the lock of {desk.book.name}",)
