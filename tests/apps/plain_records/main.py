import hashlib
import secrets

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from starlette.middleware.sessions import SessionMiddleware

from .db import engine, get_db
from .models import Base, Login, Order, Person

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key="change-me")
Base.metadata.create_all(engine)


class PersonIn(BaseModel):
    name: str
    ssn: str


class OrderIn(BaseModel):
    title: str
    note: str = ""


@app.get("/")
def home():
    return {"records": True}


@app.post("/people")
def add_person(person: PersonIn, db=Depends(get_db)):
    made = Person(name=person.name, ssn=person.ssn, password_hash="-")
    db.add(made)
    db.commit()
    return {"id": made.id}


@app.post("/people/{person_id}/login")
def login(person_id: int, db=Depends(get_db)):
    if db.get(Person, person_id) is None:
        raise HTTPException(404)
    raw = secrets.token_urlsafe(32)
    db.add(Login(person_id=person_id, session_token=hashlib.sha256(raw.encode()).hexdigest()))
    db.commit()
    return {"token": raw}


@app.post("/orders")
def add_order(order: OrderIn, db=Depends(get_db)):
    db.add(Order(title=order.title, note=order.note))
    db.commit()
    return {"ok": True}
