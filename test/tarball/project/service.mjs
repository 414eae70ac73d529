import http from 'node:http';
import { isDeadlineExceeded, remainingTime } from 'opentelemetry-propagator-deadline';
import { handlerWith } from './handler.cjs';

const server = http.createServer(handlerWith({ isDeadlineExceeded, remainingTime }));
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
