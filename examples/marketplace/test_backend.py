"""What the marketplace promises, tested as a user would: rules and actions are plain functions, the rest is HTTP."""

import httpx
import pytest
from backend import Listing, ListingStatus, Order, OrderStatus, cancel, for_sale, not_handed_over

PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize("status", OrderStatus)
def test_only_a_placed_order_has_not_been_handed_over(status: OrderStatus) -> None:
    order = Order(listing=None, address="", status=status)
    assert not_handed_over(order) == (status is OrderStatus.PLACED)


def test_cancelling_puts_the_listing_back_on_sale() -> None:
    order = Order(listing=None, address="", status=OrderStatus.PLACED)
    listing = Listing(title="Bike", price=None, status=ListingStatus.RESERVED)
    (message,) = cancel(order, listing)
    assert order.status is OrderStatus.CANCELLED
    assert for_sale(listing)
    assert message.notification.name == "order_cancelled"
    assert [way.value for way in message.notification.via] == ["inbox", "email", "webhook"]


async def test_nobody_buys_from_themselves(client: httpx.AsyncClient) -> None:
    sent = {"email": "ada@example.com", "password": PASSWORD}
    await client.post("/auth/register", json=sent)
    token = (await client.post("/auth/login", json=sent)).json()["token"]
    client.headers["authorization"] = f"Bearer {token}"
    price = {"amount": "12.00", "currency": "EUR"}
    listing = (await client.post("/listings", json={"title": "Bike", "price": price})).json()["id"]
    refused = await client.post("/orders", json={"listing": listing, "address": "1 High Street"})
    assert (refused.status_code, refused.json()["rule"]) == (409, "from_somebody_else")
