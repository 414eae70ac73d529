#!/usr/bin/env bash
# Puts RabbitMQ and Redis on the machine, for `npm run test:brokers`.
exec bash "$(dirname "$0")/../support/install-debian.sh" rabbitmq-server redis-server
