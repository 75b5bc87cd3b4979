// Reads a Content-Security-Policy from standard input, and prints what Google's evaluator finds as JSON.
"use strict";

const { CspParser } = require("csp_evaluator/dist/parser.js");
const { CspEvaluator } = require("csp_evaluator/dist/evaluator.js");
const { Version } = require("csp_evaluator/dist/csp.js");

const { csp } = new CspParser(require("node:fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(new CspEvaluator(csp, Version.CSP3).evaluate()));
