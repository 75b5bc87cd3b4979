from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel

from ..deps import get_db, login_required

router = APIRouter(tags=["api"])


class NewOrder(BaseModel):
    item: str
    quantity: int = 1


@router.get("/orders")
def orders(user=Depends(login_required), conn=Depends(get_db)):
    return [dict(row) for row in conn.execute("SELECT id, item, quantity, status FROM orders WHERE user_id = ?", (user["id"],))]


@router.post("/orders", status_code=201)
def create(order: NewOrder, user=Depends(login_required), conn=Depends(get_db)):
    cursor = conn.execute("INSERT INTO orders (user_id, item, quantity) VALUES (?, ?, ?)", (user["id"], order.item, order.quantity))
    conn.commit()
    return {"id": cursor.lastrowid, **order.model_dump()}


@router.get("/orders/{order_id}")
def order(order_id: int, user=Depends(login_required), conn=Depends(get_db)):
    row = conn.execute("SELECT id, item, quantity, status FROM orders WHERE id = ? AND user_id = ?", (order_id, user["id"])).fetchone()
    if row is None:
        raise HTTPException(404, "No such order")
    return dict(row)


@router.get("/report")
def report(group: str = "status", conn=Depends(get_db), user=Depends(login_required)):
    rows = conn.execute("SELECT status AS name, quantity FROM orders").fetchall()
    totals = {}
    for row in rows:
        totals[row["name"]] = totals.get(row["name"], 0) + row["quantity"]
    return {"average": sum(totals.values()) / len([name for name in totals if name == group])}
