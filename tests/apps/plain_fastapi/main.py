import asyncio
import os
import traceback
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from . import db
from .deps import current_user
from .pages import HERE
from .routers import admin, api, auth, orders


@asynccontextmanager
async def lifespan(app):
    db.init()
    yield


app = FastAPI(title="Tea shop", lifespan=lifespan)
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True, allow_methods=["*"], allow_headers=["*"])
app.include_router(auth.router)
app.include_router(orders.router, prefix="/orders")
app.include_router(api.router, prefix="/api/v1")
app.include_router(admin.router, prefix="/admin")
app.mount("/static", StaticFiles(directory=os.path.join(HERE, "static")), name="static")


@app.exception_handler(Exception)
async def show_error(request: Request, exc: Exception):
    text = "".join(traceback.format_exception(exc))
    return PlainTextResponse(f"Something went wrong:\n{text}", status_code=500)


@app.get("/")
def home(user=Depends(current_user)):
    return RedirectResponse("/orders/" if user else "/login", status_code=303)


@app.get("/go")
def go(request: Request):
    return RedirectResponse(f"https://{request.headers['host']}/orders/")


@app.websocket("/live")
async def live(websocket: WebSocket):
    await websocket.accept()
    with db.connect() as conn:
        count = conn.execute("SELECT count(*) FROM orders").fetchone()[0]
    await websocket.send_json({"orders": count})
    await asyncio.sleep(0)
    await websocket.close()
