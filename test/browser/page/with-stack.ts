import { setUp } from './set-up.js';

// What WebTracerProvider takes by itself: StackContextManager.
setUp();
