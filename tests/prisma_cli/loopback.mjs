// Loaded into every node process of these tests: what wants to leave this machine ends, and says so.
import net from 'node:net'

const LOCAL = ['127.0.0.1', '::1', 'localhost']
const connect = net.Socket.prototype.connect

net.Socket.prototype.connect = function (...args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args // node hands the arguments on as an array
  const { path, host } = typeof first === 'object' ? first : { host: second }
  if (!path && host && !LOCAL.includes(host)) {
    process.stderr.write(`stopped from leaving this machine: ${host}\n`)
    process.exit(70)
  }
  return connect.apply(this, args)
}
