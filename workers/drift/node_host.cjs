// Runs the engine in Node.js: `node node_host.cjs JOB`, confined. Prints the engine's answer as one line of JSON.

const fs = require('node:fs')
const vm = require('node:vm')

const job = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
vm.runInThisContext(job.program)
vm.runInThisContext('start').call(null, job.wasm, vm.runInThisContext('GLUE'), job.files)
process.on('beforeExit', () => process.stdout.write(vm.runInThisContext('outcome') + '\n', () => process.exit()))
