import os
import traceback

from flask import Flask

from . import auth, blog, models


def create_app(config=None):
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="dev",
        DATABASE=os.path.join(os.path.dirname(os.path.abspath(__file__)), "blog.db"),
        SESSION_COOKIE_HTTPONLY=False,
    )
    if config:
        app.config.update(config)
    models.init_db(app.config["DATABASE"])
    app.teardown_appcontext(models.close_db)
    app.register_blueprint(auth.bp)
    app.register_blueprint(blog.bp)

    @app.errorhandler(Exception)
    def show_error(error):
        code = getattr(error, "code", 500)
        return "<pre>%s</pre>" % traceback.format_exc(), code

    return app


app = create_app()

if __name__ == "__main__":
    app.run(debug=True, port=5000)
