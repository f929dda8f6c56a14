// Parses every Apex class and trigger in the folders it is given; prints `file:line:column message`, exit code 1 if any.
import { ApexErrorListener, ApexParserFactory } from "@apexdevtools/apex-parser";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

class Errors extends ApexErrorListener {
  found = [];

  apexSyntaxError(line, column, message) {
    this.found.push(`${line}:${column} ${message}`);
  }
}

function faultsOf(file) {
  const errors = new Errors();
  const { parser } = ApexParserFactory.createLexerAndParser(readFileSync(file, "utf8"), errors);
  if (file.endsWith(".trigger")) parser.triggerUnit();
  else parser.compilationUnit();
  return errors.found.map((fault) => `${file}:${fault}`);
}

const files = process.argv
  .slice(2)
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
  .filter((file) => /\.(cls|trigger)$/.test(file));
const faults = files.flatMap(faultsOf);
console.log([...faults, `${files.length} files, ${faults.length} errors`].join("\n"));
process.exitCode = faults.length || !files.length ? 1 : 0;
