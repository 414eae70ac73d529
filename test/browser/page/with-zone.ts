import { ZoneContextManager } from '@opentelemetry/context-zone';
import { setUp } from './set-up.js';

setUp({ contextManager: new ZoneContextManager() });
