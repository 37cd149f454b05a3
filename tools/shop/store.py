"""What the shop can tell and do, over its database: questions, and changes that happen once for each key.

One connection, used by one thread: every statement is an indexed lookup or writes a few rows, well under a
millisecond, so routes may call it on the event loop, and no two changes overlap.
"""

import sqlite3
from collections.abc import Callable
from datetime import date, timedelta

from tools.shop import messages as m
from tools.shop.catalogue import HUBS, WAREHOUSE
from tools.shop.database import transaction

TRIES_A_SESSION = 3
"Failed tries to prove an identity, after which a session gets no more."
TRIES_A_DAY = 30
"The same for one order number or e-mail address in all sessions: nobody guesses ZIP codes at leisure."
_DAY_S = 86_400


class Rejected(Exception):
    """A request the shop does not fulfil; `status` is the HTTP status it deserves."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ShopStore:
    """The shop's records. `clock` gives Unix time in seconds."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self._db = connection
        self._clock = clock

    # --- questions ---------------------------------------------------------------------------------

    def order(self, order_id: str) -> m.Order:
        """The order. Raises `Rejected` 404."""
        row = self._db.execute("SELECT * FROM orders WHERE order_id = ?", (order_id,)).fetchone()
        if row is None:
            raise Rejected(404, "no_such_order", "There is no order of that number.")
        lines = self._db.execute("SELECT * FROM lines WHERE order_id = ? ORDER BY line_id", (order_id,))
        return _order(row, lines.fetchall())

    def orders_of(self, customer_id: str, most: int) -> m.OrderPage:
        """The customer's newest orders, newest first. Raises `Rejected` 404."""
        self.customer(customer_id)
        rows = self._db.execute(
            "SELECT order_id, count(*) OVER () AS n FROM orders WHERE customer_id = ?"
            " ORDER BY placed_on DESC, order_id DESC LIMIT ?",
            (customer_id, most),
        ).fetchall()
        return m.OrderPage(
            orders=[self.order(row["order_id"]) for row in rows], count=rows[0]["n"] if rows else 0
        )

    def parcel(self, order_id: str) -> m.Parcel:
        """The way of the order's parcel. Raises `Rejected` 404."""
        return m.Parcel(order_id=order_id, events=_events(self.order(order_id)))

    def customer(self, customer_id: str) -> m.Customer:
        """The customer. Raises `Rejected` 404."""
        row = self._db.execute("SELECT * FROM customers WHERE customer_id = ?", (customer_id,)).fetchone()
        if row is None:
            raise Rejected(404, "no_such_customer", "There is no such customer.")
        return m.Customer(**row)

    def deed(self, key: str) -> m.Deed:
        """What was done under the key. Raises `Rejected` 404."""
        row = self._db.execute("SELECT answer FROM deeds WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise Rejected(404, "no_such_deed", "Nothing was done under that key.")
        return m.Deed.model_validate_json(row["answer"])

    # --- identity ----------------------------------------------------------------------------------

    def tries(self, session_id: str) -> m.Verification:
        """How many tries of the session failed."""
        failed = self._count("session_id = ? AND NOT verified", session_id)
        return m.Verification(verified=False, failed=failed, locked=failed >= TRIES_A_SESSION)

    def verify(self, key: str, proof: m.Proof) -> m.Verification:
        """One try to prove an identity; the same key is the same try. Who is locked out learns nothing."""
        subject = proof.order_id or (proof.email or "").casefold()
        with transaction(self._db):
            row = self._db.execute("SELECT answer FROM tries WHERE key = ?", (key,)).fetchone()
            if row is not None:
                return m.Verification.model_validate_json(row["answer"])
            so_far = self.tries(proof.session_id)
            today = self._count("subject = ? AND NOT verified AND at > ?", subject, self._clock() - _DAY_S)
            if so_far.locked or today >= TRIES_A_DAY:
                return so_far.model_copy(update={"locked": True})
            answer = self._judged(proof, so_far.failed)
            self._db.execute(
                "INSERT INTO tries VALUES (?, ?, ?, ?, ?, ?)",
                (
                    key,
                    proof.session_id,
                    subject,
                    answer.verified,
                    self._clock(),
                    answer.model_dump_json(),
                ),
            )
        return answer

    def _judged(self, proof: m.Proof, failed: int) -> m.Verification:
        if proof.order_id is not None:
            found = (
                "SELECT c.* FROM customers c JOIN orders USING (customer_id) WHERE order_id = ? AND zip = ?"
            )
        else:
            found = "SELECT * FROM customers WHERE email = ? AND zip = ?"
        row = self._db.execute(found, (proof.order_id or proof.email, proof.zip)).fetchone()
        if row is None:
            return m.Verification(verified=False, failed=failed + 1, locked=failed + 1 >= TRIES_A_SESSION)
        return m.Verification(
            verified=True,
            failed=failed,
            method="order+zip" if proof.order_id is not None else "email+zip",
            customer=m.Customer(**row),
        )

    def _count(self, condition: str, *values: str | float) -> int:
        row = self._db.execute(f"SELECT count(*) FROM tries WHERE {condition}", values).fetchone()
        return int(row[0])

    # --- changes -----------------------------------------------------------------------------------

    def refund(self, key: str, order_id: str, refund: m.Refund) -> m.Deed:
        """Refund whole lines, once each. Raises `Rejected` 404, 409, 412, 422."""

        def change() -> int:
            order = self._for_change(order_id, refund)
            if order.status != "delivered":
                raise Rejected(409, "not_delivered", "Only what was delivered is refunded; cancel instead.")
            wanted = set(refund.line_ids)
            lines = [line for line in order.lines if line.line_id in wanted]
            if len(lines) != len(wanted):
                raise Rejected(422, "no_such_line", "The order has no such line.")
            if any(line.refunded for line in lines):
                raise Rejected(409, "already_refunded", "A line was refunded before.")
            amount = sum(line.quantity * line.price_cents for line in lines)
            if amount != refund.amount_cents:
                raise Rejected(422, "wrong_amount", "The lines do not come to that amount.")
            self._db.executemany(
                "UPDATE lines SET refunded = 1 WHERE line_id = ?", [(line_id,) for line_id in wanted]
            )
            self._changed(order_id)
            return amount

        return self._once(key, "refund", order_id, change)

    def cancel(self, key: str, order_id: str, asked: m.Change) -> m.Deed:
        """Cancel what has not shipped; everything paid goes back. Raises `Rejected` 404, 409, 412."""

        def change() -> int:
            order = self._unshipped(order_id, asked)
            self._db.execute("UPDATE lines SET refunded = 1 WHERE order_id = ?", (order_id,))
            self._db.execute("UPDATE orders SET status = 'cancelled' WHERE order_id = ?", (order_id,))
            self._changed(order_id)
            return order.total_cents - order.refunded_cents

        return self._once(key, "cancel", order_id, change)

    def change_address(self, key: str, order_id: str, asked: m.Address) -> m.Deed:
        """Send what has not shipped somewhere else. Raises `Rejected` 404, 409, 412."""

        def change() -> None:
            self._unshipped(order_id, asked)
            self._db.execute("UPDATE orders SET ship_to = ? WHERE order_id = ?", (asked.ship_to, order_id))
            self._changed(order_id)

        return self._once(key, "address", order_id, change)

    def reset_password(self, key: str, customer_id: str) -> m.Deed:
        """Put a mail with a link into the outbox, to the address on file. Raises `Rejected` 404."""

        def change() -> None:
            customer = self.customer(customer_id)
            self._db.execute(
                "INSERT INTO outbox (recipient, subject, body, at) VALUES (?, ?, ?, ?)",
                (customer.email, "Your new password", "Follow this link within one hour.", self._clock()),
            )

        return self._once(key, "password", customer_id, change)

    def create_ticket(self, key: str, ticket: m.Ticket) -> m.Deed:
        """Open a ticket. Raises `Rejected` 404 for a customer nobody knows."""
        if ticket.customer_id is not None:
            self.customer(ticket.customer_id)

        def change() -> None:
            self._db.execute(
                "INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?)",
                (
                    self._next_receipt("ticket"),
                    ticket.customer_id,
                    ticket.email,
                    ticket.category,
                    ticket.subject,
                    ticket.message,
                ),
            )

        return self._once(key, "ticket", ticket.customer_id or "nobody", change)

    def _once(self, key: str, operation: str, subject: str, change: Callable[[], int | None]) -> m.Deed:
        """Make the change and keep its answer under the key; under a known key only give the answer again.

        What fails leaves no trace, and its key may be used again.
        """
        with transaction(self._db):
            row = self._db.execute("SELECT * FROM deeds WHERE key = ?", (key,)).fetchone()
            if row is not None:
                if (row["operation"], row["subject"]) != (operation, subject):
                    raise Rejected(422, "key_reused", "That idempotency key belongs to another request.")
                return m.Deed.model_validate_json(row["answer"])
            receipt_id = self._next_receipt(operation)
            amount = change()
            deed = m.Deed(
                receipt_id=receipt_id,
                at=self._clock(),
                order_id=subject if operation in {"refund", "cancel", "address"} else None,
                amount_cents=amount,
            )
            self._db.execute(
                "INSERT INTO deeds (key, operation, subject, answer) VALUES (?, ?, ?, ?)",
                (key, operation, subject, deed.model_dump_json()),
            )
        return deed

    def _next_receipt(self, operation: str) -> str:
        """A number one can say on the phone: a letter and five digits."""
        row = self._db.execute("SELECT coalesce(max(deed_id), 0) + 1 FROM deeds").fetchone()
        return f"{operation[0].upper()}-{30_000 + row[0]}"

    def _for_change(self, order_id: str, asked: m.Change) -> m.Order:
        order = self.order(order_id)
        if order.customer_id != asked.customer_id:
            raise Rejected(404, "no_such_order", "There is no order of that number.")
        if order.version != asked.version:
            raise Rejected(412, "order_changed", "The order has changed since it was read.")
        return order

    def _unshipped(self, order_id: str, asked: m.Change) -> m.Order:
        order = self._for_change(order_id, asked)
        if order.status != "processing":
            raise Rejected(409, f"order_{order.status}", "Only what is in processing can be changed.")
        return order

    def _changed(self, order_id: str) -> None:
        self._db.execute("UPDATE orders SET version = version + 1 WHERE order_id = ?", (order_id,))


def _order(row: sqlite3.Row, lines: list[sqlite3.Row]) -> m.Order:
    total = sum(line["quantity"] * line["price_cents"] for line in lines)
    refunded = sum(line["quantity"] * line["price_cents"] for line in lines if line["refunded"])
    names = ("line_id", "sku", "name", "quantity", "price_cents", "refunded")
    return m.Order(
        **row,
        lines=[m.Line(**{name: line[name] for name in names}) for line in lines],
        total_cents=total,
        refunded_cents=refunded,
    )


def _events(order: m.Order) -> list[m.ParcelEvent]:
    """The parcel's way, as the dates of the order tell it: the demo has no carrier to ask."""
    if order.shipped_on is None:
        return []
    events = [m.ParcelEvent(on=order.shipped_on, place=WAREHOUSE, what="Left our warehouse")]
    hub = HUBS[int(order.order_id) % len(HUBS)]
    if order.status in {"in_transit", "delivered"}:
        passed_on: date = order.shipped_on + timedelta(days=1)
        events.append(m.ParcelEvent(on=passed_on, place=hub, what="Passed the sorting center"))
    if order.delivered_on is not None:
        home = ", ".join(order.ship_to.split(", ")[-2:]).rsplit(" ", 1)[0]
        events.append(m.ParcelEvent(on=order.delivered_on, place=home, what="Delivered"))
    return events
