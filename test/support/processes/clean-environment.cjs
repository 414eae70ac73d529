/**
 * Variables that change what a test sees and are not its subject: OpenTelemetry's settings, proxies (grpc-js uses one
 * even for loopback), options of Node, and what jest and npm set.
 */
const FOREIGN = /^OTEL_|_proxy$|^NODE_(OPTIONS|ENV)$|^JEST_|^npm_(config|package|lifecycle)_/i;

exports.cleanEnvironment = (own = {}) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))),
  ...own,
});
