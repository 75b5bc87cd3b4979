from flask import Blueprint, abort, g, jsonify, redirect, render_template, request, url_for

from .auth import login_required
from .models import get_db

bp = Blueprint("blog", __name__)


@bp.route("/")
def index():
    posts = get_db().execute("SELECT post.*, username FROM post JOIN user ON user.id = author_id ORDER BY post.id DESC").fetchall()
    return render_template("index.html", posts=posts)


@bp.route("/post/<int:post_id>")
def show(post_id):
    post = get_db().execute("SELECT * FROM post WHERE id = ?", (post_id,)).fetchone()
    if post is None:
        abort(404)
    return render_template("post.html", post=post)


@bp.route("/create", methods=("GET", "POST"))
@login_required
def create():
    if request.method == "POST":
        db = get_db()
        db.execute(
            "INSERT INTO post (author_id, title, body) VALUES (?, ?, ?)", (g.user["id"], request.form["title"], request.form["body"])
        )
        db.commit()
        return redirect(url_for("blog.index"))
    return render_template("create.html")


@bp.route("/post/<int:post_id>/delete", methods=["POST"])
def delete(post_id):
    db = get_db()
    db.execute("DELETE FROM post WHERE id = ?", (post_id,))
    db.commit()
    return redirect(url_for("blog.index"))


@bp.route("/share/<int:post_id>")
def share(post_id):
    return jsonify(link=request.host_url + "post/%d" % post_id)


@bp.route("/archive")
def archive():
    year = int(request.args.get("year", "this year"))
    return render_template("index.html", posts=[], year=year)
