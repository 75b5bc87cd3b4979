"""Orders: a small JSON API with bearer tokens, its documentation under /docs, and a signed webhook of the payment provider."""
import hashlib
import hmac
import os
import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

WEBHOOK_SECRET = os.environ.get("WEBHOOK_SECRET", "provider-secret").encode()

app = FastAPI(title="Orders")
oauth2 = OAuth2PasswordBearer(tokenUrl="token")

USERS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
TOKENS: dict[str, str] = {}
ORDERS: dict[int, dict] = {}


class User(BaseModel):
    name: str


class NewOrder(BaseModel):
    item: str
    amount: int


def current_user(token: Annotated[str, Depends(oauth2)]) -> User:
    name = TOKENS.get(token)
    if name is None:
        raise HTTPException(401, "unknown token", headers={"WWW-Authenticate": "Bearer"})
    return User(name=name)


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/token")
def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
    if not hmac.compare_digest(USERS.get(form.username, secrets.token_hex()), form.password):
        raise HTTPException(400, "wrong user name or password")
    made = secrets.token_urlsafe(32)
    TOKENS[made] = form.username
    return {"access_token": made, "token_type": "bearer"}


@app.get("/orders")
def orders(user: Annotated[User, Depends(current_user)]):
    return [order for order in ORDERS.values() if order["owner"] == user.name]


@app.post("/orders", status_code=201)
def add_order(new: NewOrder, user: Annotated[User, Depends(current_user)]):
    number = len(ORDERS) + 1
    ORDERS[number] = {"number": number, "owner": user.name, "item": new.item, "amount": new.amount, "paid": False}
    return ORDERS[number]


@app.get("/orders/{number}")
def order(number: int, user: Annotated[User, Depends(current_user)]):
    found = ORDERS.get(number)
    if found is None or found["owner"] != user.name:
        raise HTTPException(404, "no such order")
    return found


@app.delete("/orders/{number}", status_code=204)
def cancel(number: int, user: Annotated[User, Depends(current_user)]):
    found = ORDERS.get(number)
    if found is None or found["owner"] != user.name:
        raise HTTPException(404, "no such order")
    del ORDERS[number]


@app.post("/hooks/payments")
async def paid(request: Request, x_signature: Annotated[str, Header()] = ""):
    body = await request.body()
    wanted = hmac.new(WEBHOOK_SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, x_signature):
        raise HTTPException(403, "bad signature")
    number = (await request.json())["order"]
    ORDERS[number]["paid"] = True
    return {"received": True}


@app.get("/statistics")
def statistics():
    # Somebody wanted a quick look at the turnover.
    return {"orders": len(ORDERS), "turnover": sum(order["amount"] for order in ORDERS.values()), "customers": list(USERS)}
