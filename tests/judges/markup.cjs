// Reads pages as JSON {name: html} from standard input, and prints what html-validate finds in each as JSON {name: [message]}.
"use strict";

const { HtmlValidate } = require("html-validate");

async function main() {
  const pages = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const judge = new HtmlValidate({ root: true, extends: ["html-validate:recommended"] });
  const found = {};
  for (const [name, html] of Object.entries(pages)) {
    const report = await judge.validateString(html);
    found[name] = report.results.flatMap((result) =>
      result.messages.map((message) => `${message.line}:${message.column} ${message.ruleId}: ${message.message}`),
    );
  }
  process.stdout.write(JSON.stringify(found));
}

main();
